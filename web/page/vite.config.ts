import { defineConfig, loadEnv } from "vite";

import { compressed } from "../compressed.ts";

// Where `npm run dev` and `vite preview` find the rest: by default beside a running `cargo run`.
const { MARU_API = "http://127.0.0.1:8080", MARU_SOCKETS = MARU_API } = loadEnv("", ".", "MARU_");

export default defineConfig({
  // The client is taken from its sources, so that nothing has to be built before.
  resolve: { conditions: ["source", "module", "browser", "import", "default"] },
  build: {
    target: "es2022",
    outDir: "dist",
    emptyOutDir: true,
    // The page forbids itself to load anything from a data: URL but its icon.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: ["index.html", "guarantees.html"],
      // What every view needs is one script; what only one needs is loaded by it.
      output: { codeSplitting: { groups: [{ name: "page", test: (id) => !id.includes("/src/guarantees/") }] } },
    },
  },
  plugins: [compressed()],
  server: {
    proxy: {
      "/auth": MARU_API,
      "/docs": MARU_API,
      "/rooms": MARU_API,
      "^/[^/]+/messages": MARU_API,
      "/ws": { target: MARU_SOCKETS, ws: true },
    },
  },
});
