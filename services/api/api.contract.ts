/** Where the gateway answers. It has no actions: nothing in the mesh calls it. */
export const api = {
  /** FHIR R4. */
  fhir: "/fhir",
  /** The domain's actions: `/api/<service>/<action>`. */
  rest: "/api/",
  /** 200 as long as the process lives. */
  live: "/health/live",
  /** 200 when all members of the system are seen, or five seconds were waited for them (`missing` names who is not there); 503 before and while it stops. */
  ready: "/health/ready",
} as const;
