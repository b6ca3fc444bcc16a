import type { IncomingMessage } from "node:http";
import type { Service } from "moleculer";
import { fhirError } from "../../../fhir/outcome.ts";
import { logOwnFault, pathOnly } from "./failures.ts";
import { httpError } from "./http-error.ts";

describe("a path in the log", () => {
  it.each([
    ["/fhir/Patient?name=rossi", "/fhir/Patient"],
    ["/auth/password/a-secret", "/auth/password/…"],
    ["/auth/interaction/a-secret?x=1", "/auth/interaction/…"],
    ["/auth/token", "/auth/token"],
  ])("of %s is %s", (url, path) => expect(pathOnly({ url } as IncomingMessage)).toBe(path));
});

describe("an error in the log", () => {
  const logged = (error: unknown): string[] => {
    const lines: string[] = [];
    const service = { logger: { error: (line: string) => lines.push(line) } } as unknown as Service;
    logOwnFault(service, { method: "PUT", url: "/fhir/Patient/1?name=rossi" } as IncomingMessage, error);
    return lines;
  };

  it.each([
    ["a bug", new TypeError("x is not a function")],
    ["a bug whose error has a number of its own", new DOMException("It could not be cloned.", "DataCloneError")],
    ["an error with a status, but without a type", Object.assign(new Error("lost"), { code: 409 })],
  ])("is %s, which is answered 500", (_, error) => {
    expect(logged(error)).toEqual([expect.stringMatching(/^PUT \/fhir\/Patient\/1: /)]);
  });

  it.each([
    ["a refusal", httpError(409, "STALE_WRITE", "The resource has changed.")],
    ["a refusal of FHIR", fhirError(422, "value", "It is no date.")],
    ["what is not implemented", httpError(501, "NOT_SUPPORTED", "Not yet.")],
    ["what does not answer", httpError(503, "OWNER_DOWN", "It is down.")],
  ])("is not %s", (_, error) => expect(logged(error)).toEqual([]));
});
