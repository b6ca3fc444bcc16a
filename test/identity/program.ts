/** A program without a person, as SMART's backend services prove themselves: by a key (RFC 7523). */
import { randomUUID } from "node:crypto";
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";
import { asSystem } from "../../mesh/access/access.ts";
import { identity } from "../../services/identity/identity.contract.ts";
import type { Mesh } from "../kit/mesh.ts";

/** Gives a fresh assertion, which is taken once; with other claims, in its header too, or by another key, it is whatever they make of it. */
export type Assertions = (claims?: object, header?: object, key?: Uint8Array) => Promise<string>;

/** Those of a client, whose key has its name. */
export const assertionsOf =
  (id: string, endpoint: string, privateKey: CryptoKey): Assertions =>
  (claims = {}, header = {}, key) => {
    const iat = Math.floor(Date.now() / 1_000);
    const whole = { iss: id, sub: id, aud: endpoint, jti: randomUUID(), iat, exp: iat + 120, ...claims };
    const signed = new SignJWT(JSON.parse(JSON.stringify(whole)) as JWTPayload).setProtectedHeader({ alg: "ES384", kid: id, ...header });
    return signed.sign(key ?? privateKey);
  };

/** A registered program. */
export interface Program {
  assertion: Assertions;
  publicKey: CryptoKey;
  /** An access token with all of its scopes. */
  token(): Promise<string>;
}

export async function registerProgram(mesh: Mesh, id: string, scope = "system/*.cruds"): Promise<Program> {
  const { privateKey, publicKey } = await generateKeyPair("ES384", { extractable: true });
  const jwks = { keys: [{ ...((await exportJWK(publicKey)) as Record<string, string>), alg: "ES384", kid: id, use: "sig" }] };
  await identity.createClient(asSystem(mesh.caller, "operator"), { id, name: id, kind: "backend", scope, roles: ["system"], jwks });
  const { token_endpoint: endpoint } = await (await fetch(`${mesh.base}/.well-known/smart-configuration`)).json();
  const assertion = assertionsOf(id, endpoint, privateKey);
  return {
    assertion,
    publicKey,
    async token() {
      const form = {
        grant_type: "client_credentials",
        scope,
        client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        client_assertion: await assertion(),
      };
      const answer = await fetch(endpoint, { method: "POST", body: new URLSearchParams(form) });
      const { access_token: token } = (await answer.json()) as { access_token?: string };
      if (token === undefined) throw new Error(`No token was given: ${answer.status}`);
      return token;
    },
  };
}
