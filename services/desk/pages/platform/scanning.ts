/** Scanners of labels: they type, and end with Enter, or with Tab. */

/** Whether the text is a number from a label rather than a name. */
export const isScanned = (text: string): boolean => /\d/.test(text) && !/\s/.test(text.trim());
