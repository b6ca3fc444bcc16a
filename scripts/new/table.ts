/** Formats Markdown tables, which `npm run format` does not. */

/** Adds a row after the last one whose first cell begins with `prefix`, and formats the table; undefined if there is no such row. */
export function withRow(text: string, prefix: string, cells: string[]): string | undefined {
  const lines = text.split("\n");
  const last = lines.findLastIndex((line) => line.startsWith(`| ${prefix}`));
  if (last < 0) return undefined;
  lines.splice(last + 1, 0, `| ${cells.join(" | ")} |`);
  return withTables(lines.join("\n"));
}

/** The text with each table's columns as wide as their widest cell. */
export function withTables(text: string): string {
  return text.replace(/(?:^\|.*\|$\n?)+/gm, (table) => {
    const rows = table.trimEnd().split("\n").map(cellsOf);
    const widths = (rows[0] ?? []).map((_, column) =>
      Math.max(3, ...rows.filter((_, row) => row !== 1).map((cells) => cells[column]?.length ?? 0)),
    );
    const laidOut = rows.map((cells, row) =>
      cells.map((cell, column) => (row === 1 ? "-".repeat(widths[column] ?? 3) : cell.padEnd(widths[column] ?? 0))),
    );
    return `${laidOut.map((cells) => `| ${cells.join(" | ")} |`).join("\n")}${table.endsWith("\n") ? "\n" : ""}`;
  });
}

const cellsOf = (row: string): string[] =>
  row
    .slice(1, -1)
    .split("|")
    .map((cell) => cell.trim());
