/** Codes of HL7's location-physical-type that the hospital's rules use. */
export const PhysicalType = { ward: "wa", room: "ro", bed: "bd" } as const;
/** One of them. */
export type PhysicalType = (typeof PhysicalType)[keyof typeof PhysicalType];

/** Their code system. */
export const PHYSICAL_TYPE_SYSTEM = "http://terminology.hl7.org/CodeSystem/location-physical-type";
