/** FHIR over HTTP for tests: plain fetch, with the parsed answer. */
export interface Answered {
  status: number;
  headers: Headers;
  /** Parsed JSON; undefined without a body. */
  // biome-ignore lint/suspicious/noExplicitAny: a test reaches into whatever the server has answered
  body: any;
  text: string;
}

export interface FhirHttp {
  get(path: string, headers?: Record<string, string>): Promise<Answered>;
  send(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answered>;
  create(resource: object, headers?: Record<string, string>): Promise<Answered>;
  /** All matches over all pages, in their order, and the number of pages. */
  all(path: string): Promise<{ resources: Record<string, unknown>[]; pages: number }>;
}

/**
 * @param base the gateway's address; paths are below its FHIR base, or absolute links
 * @param token access token of the caller
 */
export function fhirAt(base: string, token?: string): FhirHttp {
  const send = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answered> => {
    const url = path.startsWith("http") ? path : `${base}/fhir${path}`;
    const text = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
    const answer = await fetch(url, {
      method,
      headers: {
        ...(text !== undefined && { "Content-Type": "application/fhir+json" }),
        ...(token !== undefined && { Authorization: `Bearer ${token}` }),
        ...headers,
      },
      ...(text !== undefined && { body: text }),
    });
    const received = await answer.text();
    const isJson = /json/.test(answer.headers.get("content-type") ?? "");
    return { status: answer.status, headers: answer.headers, text: received, body: received && isJson ? JSON.parse(received) : undefined };
  };
  return {
    send,
    get: (path, headers) => send("GET", path, undefined, headers),
    create: (resource, headers) => send("POST", `/${(resource as { resourceType: string }).resourceType}`, resource, headers),
    async all(path) {
      const resources: Record<string, unknown>[] = [];
      let pages = 0;
      for (let next: string | undefined = path; next !== undefined; pages += 1) {
        const { status, body } = await send("GET", next);
        if (status !== 200) throw new Error(`${next}: ${status} ${JSON.stringify(body)}`);
        for (const entry of body.entry ?? []) if (entry.search.mode === "match") resources.push(entry.resource);
        next = body.link.find((link: { relation: string; url: string }) => link.relation === "next")?.url;
      }
      return { resources, pages };
    },
  };
}

/** Matches an OperationOutcome with this code. */
export const outcomeWith = (code: string) =>
  expect.objectContaining({ resourceType: "OperationOutcome", issue: expect.arrayContaining([expect.objectContaining({ code })]) });
