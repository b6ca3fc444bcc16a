/** Roles that were changed while the system runs, as `identity` tells them to all nodes. */
import type { Role } from "./roles.ts";

/** A generation of roles: those that differ from their files. */
export interface ChangedRoles {
  /** Rises by one with every change; 0: none was ever changed. */
  generation: number;
  /** By name, those that are not as their files say. */
  roles: Record<string, Role>;
}

/** The action that answers `ChangedRoles`. They say nothing of people, and each node may ask. */
export const CURRENT_ROLES = "identity.currentRoles";

/** The broadcast event that there is another generation. It is a hint only: what has changed, nodes ask `identity`. */
export const ROLES_CHANGED = "identity.rolesChanged";

/** What the event says. */
export type RolesChanged = Pick<ChangedRoles, "generation">;
