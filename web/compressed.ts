import type { Plugin } from "vite";

/** Puts a gzipped copy beside every file that shrinks by it; the server sends that to whoever takes it. */
export function compressed(): Plugin {
  return {
    name: "maru-compressed",
    enforce: "post",
    generateBundle: {
      // Other plugins change the code until then.
      order: "post",
      async handler(_, bundle) {
        for (const file of Object.values(bundle)) {
          const text = new Blob([file.type === "chunk" ? file.code : (file.source as BlobPart)]);
          const gzipped = text.stream().pipeThrough(new CompressionStream("gzip"));
          const source = new Uint8Array(await new Response(gzipped).arrayBuffer());
          if (source.length < text.size) {
            this.emitFile({ type: "asset", fileName: `${file.fileName}.gz`, source });
          }
        }
      },
    },
  };
}
