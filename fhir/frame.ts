/**
 * FHIR JSON text in two pieces, so that a store can set id, version and time without parsing:
 * `{"resourceType":"T","id":"I","meta":{"versionId":"V","lastUpdated":"…Z"` + meta + `}` + rest
 */
export interface FramedResource {
  /** The other members of meta, each with its leading comma: `,"profile":["…"]`; '' without. */
  meta: string;
  /** The other members of the resource with leading comma, and the closing brace: `,"name":[…]}`; `}` without. */
  rest: string;
}

/** The text of a resource without resourceType, id, and the two members of meta that a server gives. */
export function frameOf(resource: Record<string, unknown>): FramedResource {
  const { resourceType: _type, id: _id, meta, ...rest } = resource;
  return { meta: membersOf(meta), rest: `${commaBefore(JSON.stringify(rest).slice(1, -1))}}` };
}

function membersOf(meta: unknown): string {
  if (typeof meta !== "object" || meta === null || Array.isArray(meta)) return "";
  const { versionId: _1, lastUpdated: _2, _versionId: _3, _lastUpdated: _4, ...others } = meta as Record<string, unknown>;
  return commaBefore(JSON.stringify(others).slice(1, -1));
}

function commaBefore(members: string): string {
  return members === "" ? "" : `,${members}`;
}

/** The text of a framed resource with another time, milliseconds since 1970. No member of this name precedes it in the frame. */
export const withLastUpdated = (json: string, at: number): string =>
  json.replace(/"lastUpdated":"[^"]*"/, `"lastUpdated":"${new Date(at).toISOString()}"`);
