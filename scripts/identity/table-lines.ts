import { visibleText } from "../../fhir/visible-text.ts";
import { layOut } from "../repl/mesh-view.ts";

/** A table as lines, its columns as wide as their widest cell. A cell cannot begin another line. */
export const tableLines = (rows: string[][]): string[] => layOut(rows.map((row) => row.map(visibleText))).split("\n");
