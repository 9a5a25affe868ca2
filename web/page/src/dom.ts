// Elements, made without a line of HTML: whatever anybody says is text.

type Child = Node | string | undefined | false;
type Props<T> = { [Name in keyof T]?: T[Name] } & { [attribute: `aria-${string}` | `data-${string}`]: string };

/** Makes an element; `aria-…` and `data-…` become attributes, everything else properties. */
export function h<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  props: Props<Omit<HTMLElementTagNameMap[Name], "style">> = {},
  ...children: Child[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(props)) {
    if (key.includes("-")) element.setAttribute(key, value as string);
    else Object.assign(element, { [key]: value });
  }
  element.append(...children.filter((child): child is Node | string => Boolean(child)));
  return element;
}

/** A drawing of a few strokes, such as an arrow; it says nothing to a screen reader. */
export function icon(path: string): SVGSVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const stroke = document.createElementNS(SVG, "path");
  stroke.setAttribute("d", path);
  svg.append(stroke);
  return svg;
}

const SVG = "http://www.w3.org/2000/svg";

export const ICONS = {
  back: "M15 5l-7 7 7 7",
  send: "M4 12h15M13 6l6 6-6 6",
  lock: "M7 11V8a5 5 0 0110 0v3M5 11h14v9H5z",
  people: "M9 11a3.500 3.500 0 100-7 3.500 3.500 0 000 7zM2 20c0-4 3-6 7-6s7 2 7 6M16 4.500a3.500 3.500 0 010 6M18 14.500c2.500.500 4 2.500 4 5.500",
  close: "M6 6l12 12M18 6L6 18",
  down: "M6 10l6 6 6-6",
};
