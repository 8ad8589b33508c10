/** Bits of a topic's or broker's permission (PermName). */
export const PERM_INHERIT = 1 << 0
export const PERM_WRITE = 1 << 1
export const PERM_READ = 1 << 2

export function isReadablePermission(permission: number): boolean {
  return (permission & PERM_READ) !== 0
}

export function isWritablePermission(permission: number): boolean {
  return (permission & PERM_WRITE) !== 0
}

export function isInheritedPermission(permission: number): boolean {
  return (permission & PERM_INHERIT) !== 0
}
