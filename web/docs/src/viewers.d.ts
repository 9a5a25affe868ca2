// What is used of the viewers, which bring no types of these files.

declare module "swagger-ui-dist/swagger-ui-es-bundle.js" {
  export default function SwaggerUI(options: Record<string, unknown>): unknown;
}

declare module "@asyncapi/react-component/browser/standalone/index.js" {
  const AsyncApi: { render(props: Record<string, unknown>, into: HTMLElement): void };
  export default AsyncApi;
}
