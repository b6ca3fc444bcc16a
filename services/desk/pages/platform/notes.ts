/** Notes as documents: their text, and whether they are unfinished. */
import type { DocumentReference } from "../../../../fhir/r4.ts";

/** The text of a note; "" for other documents. */
export function noteText({ content: [first] }: DocumentReference): string {
  const { contentType = "", data } = first?.attachment ?? {};
  if (!contentType.startsWith("text/plain") || data === undefined) return "";
  return new TextDecoder().decode(Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0)));
}

/** Whether it is not signed yet. */
export const isDraft = ({ docStatus }: DocumentReference): boolean => docStatus === "preliminary";
