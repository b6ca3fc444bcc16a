/** `/.well-known/smart-configuration` (SMART App Launch 2.2): what an app needs to know first. */
import { PLAIN_SCOPES } from "./granted-scopes.ts";
import { ROUTES } from "./configuration.ts";

const CATEGORY = "http://terminology.hl7.org/CodeSystem";
/**
 * Examples of scopes with a query, as named by US Core: any query is accepted that can be decided for a single resource (`fhir/search/decidable.ts`);
 * others are not granted.
 */
const BY_CATEGORY = [
  `patient/Condition.rs?category=${CATEGORY}/condition-category|encounter-diagnosis`,
  `patient/Condition.rs?category=${CATEGORY}/condition-category|problem-list-item`,
  ...["laboratory", "vital-signs", "social-history", "survey"].map(
    (code) => `patient/Observation.rs?category=${CATEGORY}/observation-category|${code}`,
  ),
];

/** @param base the public base URL */
export function smartConfiguration(base: string): object {
  const issuer = `${base}/auth`;
  return {
    issuer,
    jwks_uri: issuer + ROUTES.jwks,
    authorization_endpoint: issuer + ROUTES.authorization,
    token_endpoint: issuer + ROUTES.token,
    introspection_endpoint: issuer + ROUTES.introspection,
    revocation_endpoint: issuer + ROUTES.revocation,
    end_session_endpoint: issuer + ROUTES.end_session,
    token_endpoint_auth_methods_supported: ["none", "private_key_jwt"],
    token_endpoint_auth_signing_alg_values_supported: ["RS384", "ES384", "ES256"],
    grant_types_supported: ["authorization_code", "refresh_token", "client_credentials"],
    response_types_supported: ["code"],
    code_challenge_methods_supported: ["S256"],
    scopes_supported: [...PLAIN_SCOPES, "patient/*.cruds", "user/*.cruds", "system/*.cruds", ...BY_CATEGORY],
    capabilities: [
      "launch-ehr",
      "launch-standalone",
      "authorize-post",
      "client-public",
      "client-confidential-asymmetric",
      "sso-openid-connect",
      "context-ehr-patient",
      "context-ehr-encounter",
      "context-standalone-patient",
      "context-banner",
      "permission-offline",
      "permission-online",
      "permission-patient",
      "permission-user",
      "permission-v1",
      "permission-v2",
    ],
  };
}
