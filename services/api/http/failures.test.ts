import type { IncomingMessage } from "node:http";
import { pathOnly } from "./failures.ts";

describe("a path in the log", () => {
  it.each([
    ["/fhir/Patient?name=rossi", "/fhir/Patient"],
    ["/auth/password/a-secret", "/auth/password/…"],
    ["/auth/interaction/a-secret?x=1", "/auth/interaction/…"],
    ["/auth/token", "/auth/token"],
  ])("of %s is %s", (url, path) => expect(pathOnly({ url } as IncomingMessage)).toBe(path));
});
