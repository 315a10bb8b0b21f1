/* Elements and icons. Text only ever becomes text nodes, never markup. */

/** Make an element: el("p.meta", { lang }, "text", child). Functions are listeners. */
export function el(kind, ...rest) {
  const [tag, ...classes] = kind.split(".");
  const node = document.createElement(tag);
  if (classes.length) node.className = classes.join(" ");
  const attributes = rest[0]?.constructor === Object ? rest.shift() : {};
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name, value);
    else if (value != null && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...rest.flat(2).filter(Boolean));
  return node;
}

/** Make a button; with an icon its label is only heard, and shown on pointing. */
export function button(kind, label, click, path) {
  const attributes = { type: "button", click };
  if (path) Object.assign(attributes, { "aria-label": label, title: label });
  return el(`button.${kind}`, attributes, path ? icon(path) : label);
}

export const hidden = (text) => el("span.sr", text);

/** Draw a path of a field of 24 by 24. */
export function icon(path) {
  const make = (tag) => document.createElementNS("http://www.w3.org/2000/svg", tag);
  const svg = make("svg");
  const line = make("path");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}

/** Put on a style sheet, once. */
export function wear(root, sheet) {
  const sheets = root.adoptedStyleSheets;
  if (!sheets.includes(sheet)) sheets.push(sheet);
}
