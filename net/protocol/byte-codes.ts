/** ASCII codes that the byte scanners and builders compare with. */
export const QUOTE = 0x22
export const MINUS = 0x2d
export const COMMA = 0x2c
export const COLON = 0x3a
export const BACKSLASH = 0x5c
export const BRACE_OPEN = 0x7b
export const BRACE_CLOSE = 0x7d
export const DIGIT_0 = 0x30
export const DIGIT_9 = 0x39
export const SPACE = 0x20
export const LOWER_A = 0x61
export const LOWER_U = 0x75

/** The first code that is not ASCII. */
export const NON_ASCII = 0x80

/** The bytes of an ASCII text. */
export function asciiBytes(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0))
}
