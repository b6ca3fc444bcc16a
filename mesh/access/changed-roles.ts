/** Roles that were changed at run time, as `identity` distributes them to all nodes. */
import type { Role } from "./roles.ts";

/** A generation of roles: those that differ from their files. */
export interface ChangedRoles {
  /** Increases by one with every change; 0: none was ever changed. */
  generation: number;
  /** By name: the roles that differ from their files. */
  roles: Record<string, Role>;
}

/** The action that returns `ChangedRoles`. They contain nothing about people, and every node may call it. */
export const CURRENT_ROLES = "identity.currentRoles";

/** The broadcast event of a new generation. It is only a hint: nodes ask `identity` for the roles. */
export const ROLES_CHANGED = "identity.rolesChanged";

/** The event's payload. */
export type RolesChanged = Pick<ChangedRoles, "generation">;
