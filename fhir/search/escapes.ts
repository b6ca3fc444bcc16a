/** Search values with R4's escapes `\,` `\|` `\$` `\\` (R4 3.1.1.4.19). */

/** Splits at each `separator` that is not escaped. The parts keep their escapes. */
export function splitAt(text: string, separator: "," | "|" | "$"): string[] {
  const parts: string[] = [];
  let from = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === "\\") i += 1;
    else if (text[i] === separator) {
      parts.push(text.slice(from, i));
      from = i + 1;
    }
  }
  parts.push(text.slice(from));
  return parts;
}

/** Removes the escapes. */
export function unescaped(text: string): string {
  return text.includes("\\") ? text.replace(/\\([,|$\\])/g, "$1") : text;
}
