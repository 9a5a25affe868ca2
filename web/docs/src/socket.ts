// The socket, in AsyncAPI's own viewer.

import "@asyncapi/react-component/styles/default.min.css";
import AsyncApi from "@asyncapi/react-component/browser/standalone/index.js";

export async function show(into: HTMLElement): Promise<void> {
  const answer = await fetch("/docs/asyncapi.json");
  if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
  AsyncApi.render({ schema: await answer.text(), config: { show: { sidebar: true, errors: true } } }, into);
}
