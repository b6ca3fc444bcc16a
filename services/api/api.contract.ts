/** The paths of the gateway. It has no actions: nothing in the mesh calls it. */
export const api = {
  /** FHIR R4. */
  fhir: "/fhir",
  /** The domain's actions: `/api/<service>/<action>`. */
  rest: "/api/",
  /** 200 as long as the process lives. */
  live: "/health/live",
  /** 200 once all members of the system are seen, or after five seconds (`missing` names the absent ones); 503 before that and while stopping. */
  ready: "/health/ready",
} as const;
