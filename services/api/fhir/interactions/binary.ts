/** The content of a Binary is sent and received as it is, unless the client uses a FHIR format (R4, binary.html#rest). */
import { parseJson } from "../../../../fhir/json.ts";
import type { Answer } from "../../http/answer.ts";
import { MAX_BODY_BYTES } from "../../http/body.ts";
import { httpError } from "../../http/http-error.ts";
import { mediaTypeOf, namesFhir } from "../media-types.ts";
import type { FhirRequest } from "../request.ts";

/** In the resource the content is base64, a third longer. */
const MAX_CONTENT_BYTES = (MAX_BODY_BYTES / 4) * 3;

/** Parameters by which a client asks for the resource, whatever it accepts. */
const OF_FHIR = new Set(["_format", "_pretty", "_summary", "_elements"]);

/** Whether this is a read of a Binary by a client that does not accept a FHIR format: it gets the content. */
export function isForContent({ method, path: [type, id = "", third, , ...rest], query, header }: FhirRequest): boolean {
  if (method !== "GET" || type !== "Binary" || !/^[^_$]/.test(id) || rest.length > 0) return false;
  if (third !== undefined && third !== "_history") return false;
  return !query.some(([name]) => OF_FHIR.has(name)) && !namesFhir(header("accept"));
}

/** The content of a Binary. */
export function contentOf(answer: Answer): Answer {
  const { status, headers, body } = answer;
  if (status !== 200 || body === undefined) return answer;
  const { contentType, data, securityContext } = parseJson(body) as Record<string, unknown>;
  const context = (securityContext as { reference?: unknown } | undefined)?.reference;
  return {
    status,
    headers: {
      ...headers,
      "Content-Type": isHeaderText(contentType) ? contentType : "application/octet-stream",
      // A stored HTML page must not run as one of this server's.
      "Content-Security-Policy": "sandbox",
      ...(isShown(contentType) ? {} : { "Content-Disposition": "attachment" }),
      ...(isHeaderText(context) && { "X-Security-Context": context }),
    },
    bytes: Buffer.from(typeof data === "string" ? data : "", "base64"),
  };
}

/**
 * Whether browsers may show the content in place: images and PDF, which cannot run scripts in this origin. SVG is a document with scripts; a
 * value that is not exactly one media type is not interpreted alike by all browsers.
 */
const isShown = (contentType: unknown): boolean =>
  typeof contentType === "string" &&
  /^(?:image\/(?!svg)[a-z0-9][a-z0-9.-]*|application\/pdf)\s*(?:;[^,]*)?$/i.test(contentType) &&
  !/xml/i.test(contentType);

const isHeaderText = (value: unknown): value is string => typeof value === "string" && /^[!-~][ -~]*$/.test(value);

/**
 * The request with its body wrapped in a Binary: a body that is not a Binary in FHIR JSON is the content itself, with the media type in
 * Content-Type.
 * @param id of an update
 */
export function binaryRequest(request: FhirRequest, id?: string): FhirRequest {
  const writes = request.method === "POST" || request.method === "PUT";
  const sent = request.header("content-type");
  return writes && sent !== undefined ? { ...request, body: () => binaryText(request, sent, id) } : request;
}

/** @throws 400 without content, 413 if it is too large */
async function binaryText(request: FhirRequest, sent: string, id: string | undefined): Promise<string> {
  if (!namesFhir(mediaTypeOf(sent))) return wrapped(request, id, sent, await request.bytes());
  const text = await request.body();
  const resource = parseJson(text) as { resourceType?: unknown } | null;
  return resource?.resourceType === "Binary" ? text : wrapped(request, id, sent, Buffer.from(text));
}

function wrapped(request: FhirRequest, id: string | undefined, contentType: string, content: Buffer): string {
  if (content.length === 0) throw httpError(400, "BODY_MISSING", "The request needs a body.");
  if (content.length > MAX_CONTENT_BYTES) {
    throw httpError(413, "BODY_TOO_LARGE", `The content is larger than ${MAX_CONTENT_BYTES / 1024 / 1024} MB.`);
  }
  const context = request.header("x-security-context");
  return JSON.stringify({
    resourceType: "Binary",
    ...(id !== undefined && { id }),
    contentType: contentType.replace(/\s+/g, " ").trim(),
    ...(context !== undefined && { securityContext: { reference: context } }),
    data: content.toString("base64"),
  });
}
