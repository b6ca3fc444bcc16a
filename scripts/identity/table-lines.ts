import { layOut } from "../repl/mesh-view.ts";

/** A table as lines, its columns as wide as their widest cell. */
export const tableLines = (rows: string[][]): string[] => layOut(rows).split("\n");
