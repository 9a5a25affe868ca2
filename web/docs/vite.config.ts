import { defineConfig } from "vite";

import { compressed } from "../compressed.ts";

export default defineConfig({
  base: "/docs/",
  publicDir: false,
  build: {
    target: "es2022",
    outDir: "../page/dist/docs",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: { input: ["index.html", "socket.html"] },
    // The viewers are large, and each is loaded by who looks at it.
    chunkSizeWarningLimit: 4000,
  },
  plugins: [compressed()],
});
