import { type Plugin, defineConfig, loadEnv } from "vite";

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
    rollupOptions: { input: ["index.html"] },
  },
  plugins: [compressed()],
  server: {
    proxy: {
      "/auth": MARU_API,
      "/rooms": MARU_API,
      "^/[^/]+/messages": MARU_API,
      "/ws": { target: MARU_SOCKETS, ws: true },
    },
  },
});

/** Puts a gzipped copy beside every file that shrinks by it; the server sends that to whoever takes it. */
function compressed(): Plugin {
  return {
    name: "maru-compressed",
    async generateBundle(_, bundle) {
      for (const file of Object.values(bundle)) {
        const text = new Blob([file.type === "chunk" ? file.code : (file.source as BlobPart)]);
        const gzipped = text.stream().pipeThrough(new CompressionStream("gzip"));
        const source = new Uint8Array(await new Response(gzipped).arrayBuffer());
        if (source.length < text.size) {
          this.emitFile({ type: "asset", fileName: `${file.fileName}.gz`, source });
        }
      }
    },
  };
}
