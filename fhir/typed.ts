/** Converts between a resource as plain JSON and as R4's type. TypeScript sees nothing in common: R4's types have no index signature. */
import type { FhirResource } from "./r4.ts";
import type { Resource } from "./resource.ts";

/** The resource as the type that the caller knows it to have; nothing is checked. */
export function typed<Of extends object>(resource: Record<string, unknown>): Of;
export function typed<Of extends object>(resource: Record<string, unknown> | undefined): Of | undefined;
export function typed<Of extends object>(resource: Record<string, unknown> | undefined): Of | undefined {
  return resource as Of | undefined;
}

/** The resource as plain JSON. */
export const plain = (resource: FhirResource): Resource => resource as object as Resource;

/** A copy without these members. */
export function without<Of extends object>(from: Of, ...names: (keyof Of)[]): Of {
  const left = { ...from };
  for (const name of names) delete (left as Partial<Of>)[name];
  return left;
}
