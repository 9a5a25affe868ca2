// Shows a document in its viewer, which is loaded for it.

const VIEWERS: Record<string, () => Promise<{ show(into: HTMLElement): Promise<void> }>> = {
  http: () => import("./http.ts"),
  socket: () => import("./socket.ts"),
};

void draw(document.querySelector<HTMLElement>("#document")!);

async function draw(main: HTMLElement): Promise<void> {
  const place = document.createElement("div");
  try {
    const viewer = await VIEWERS[document.body.dataset["document"]!]!();
    main.replaceChildren(place);
    await viewer.show(place);
  } catch (error) {
    main.textContent = `The document cannot be shown: ${String(error)}`;
  }
  main.ariaBusy = "false";
}
