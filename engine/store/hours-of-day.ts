const HOURS_OF_DAY = 24

/**
 * The hours of the day, in local time, that a setting such as `04` or `04;16` names
 * (UtilAll.isItTimeToDo).
 * @returns undefined where one of them is none
 */
export function parseHoursOfDay(text: string): number[] | undefined {
  const parts = text.split(';').map((part) => part.trim())
  const isValid = parts.every((part) => /^\d{1,2}$/.test(part) && Number(part) < HOURS_OF_DAY)
  return isValid ? parts.map(Number) : undefined
}
