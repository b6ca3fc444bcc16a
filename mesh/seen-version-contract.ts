/** Param of an action that changes one stored thing. */
export interface SeenVersion {
  /** The version that the caller has read: if the thing has changed since, nothing is stored. Absent: whatever the present version is. */
  version?: number;
}
