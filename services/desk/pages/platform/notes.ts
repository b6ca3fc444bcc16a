/** Notes as documents: their text, and whether they are unfinished. */
import type { DocumentReference } from "../../../../fhir/r4.ts";

/** The bytes of a file within a resource. */
export const bytesOf = (base64: string) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));

/** The text of a note; "" for other documents. */
export function noteText({ content: [first] }: DocumentReference): string {
  const { contentType = "", data } = first?.attachment ?? {};
  return contentType.startsWith("text/plain") && data !== undefined ? new TextDecoder().decode(bytesOf(data)) : "";
}

/** Whether it is not signed yet. */
export const isDraft = ({ docStatus }: DocumentReference): boolean => docStatus === "preliminary";
