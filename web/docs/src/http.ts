// The HTTP interface, in Swagger UI.

import "swagger-ui-dist/swagger-ui.css";
import SwaggerUI from "swagger-ui-dist/swagger-ui-es-bundle.js";

export function show(into: HTMLElement): Promise<void> {
  return new Promise((resolve) => {
    SwaggerUI({
      domNode: into,
      url: "/docs/openapi.json",
      onComplete: () => resolve(),
      // Nobody else is asked whether the document is good.
      validatorUrl: null,
      docExpansion: "list",
      defaultModelsExpandDepth: 0,
      persistAuthorization: false,
    });
  });
}
