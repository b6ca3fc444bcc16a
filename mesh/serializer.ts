/**
 * The wire format: JSON, except for long texts, which follow it unchanged. FHIR resources are sent as text; inside
 * JSON each of their quotes would be escaped, and every page of a search scanned, copied and unescaped once more.
 *
 *     0x00 · length of the head, 4 bytes · head · text · text · …
 *     head = {"payload": …, "texts": [[bytes, "data", "rows", 0, "json"], …]}
 *
 * A packet without long texts is plain JSON, which never begins with 0x00.
 */
import { Serializers } from "moleculer";

/** Characters from which on a text is sent outside of the JSON. */
const LONG = 512;
/** Depth up to which long texts are looked for: `data.rows[0].json` is four steps deep. */
const DEPTH = 6;
const MARK = 0;
const HEAD_AT = 5; // after the mark and the length

type Step = string | number;
type Members = Record<Step, unknown>;

interface Lifted {
  path: Step[];
  text: string;
}

interface Head {
  payload: unknown;
  texts: [bytes: number, ...path: Step[]][];
}

/** Serialises packets as JSON with the texts of resources outside. */
export class TextSerializer extends Serializers.Base {
  override serialize(payload: unknown, packet?: string): Buffer {
    const texts: Lifted[] = [];
    // Only calls and their answers contain resources.
    const rest = packet === "REQ" || packet === "RES" ? lift(payload, [], texts) : payload;
    if (texts.length === 0) return Buffer.from(JSON.stringify(payload));
    const sizes = texts.map(({ text }) => Buffer.byteLength(text));
    const head: Head = { payload: rest, texts: texts.map(({ path }, i) => [sizes[i] as number, ...path]) };
    const headText = JSON.stringify(head);
    const headBytes = Buffer.byteLength(headText);
    const buffer = Buffer.allocUnsafe(HEAD_AT + headBytes + sizes.reduce((sum, bytes) => sum + bytes, 0));
    buffer[0] = MARK;
    buffer.writeUInt32LE(headBytes, 1);
    let at = HEAD_AT + buffer.write(headText, HEAD_AT);
    for (const { text } of texts) at += buffer.write(text, at);
    return buffer;
  }

  override deserialize(data: Buffer): Record<string, unknown> {
    if (data[0] !== MARK) return JSON.parse(data.toString());
    const headEnd = HEAD_AT + data.readUInt32LE(1);
    const { payload, texts } = JSON.parse(data.toString("utf8", HEAD_AT, headEnd)) as Head;
    let at = headEnd;
    for (const [bytes, ...path] of texts) {
      const last = path.pop() as Step;
      const holder = path.reduce((value, step) => value[step] as Members, payload as Members);
      holder[last] = data.toString("utf8", at, at + bytes);
      at += bytes;
    }
    return payload as Record<string, unknown>;
  }
}

/** The value without its long texts; a value without any is returned itself, and nothing is changed. */
function lift(value: unknown, path: Step[], texts: Lifted[]): unknown {
  if (typeof value === "string") {
    // An unpaired surrogate has no UTF-8; JSON escapes it.
    if (value.length < LONG || !value.isWellFormed()) return value;
    texts.push({ path, text: value });
    return "";
  }
  if (value === null || typeof value !== "object" || path.length === DEPTH) return value;
  if (Array.isArray(value)) {
    let copy: unknown[] | undefined;
    for (let i = 0; i < value.length; i++) {
      const own = liftMember(value[i], path, i, texts);
      if (own === value[i]) continue;
      copy ??= value.slice();
      copy[i] = own;
    }
    return copy ?? value;
  }
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value; // it has its own toJSON
  let copy: Members | undefined;
  for (const name in value) {
    const member = (value as Members)[name];
    const own = liftMember(member, path, name, texts);
    if (own === member) continue;
    copy ??= { ...(value as Members) };
    copy[name] = own;
  }
  return copy ?? value;
}

/** Most members are numbers and short strings, for which no path is made. */
function liftMember(member: unknown, path: Step[], step: Step, texts: Lifted[]): unknown {
  if (typeof member === "string" ? member.length < LONG : typeof member !== "object" || member === null) return member;
  return lift(member, [...path, step], texts);
}
