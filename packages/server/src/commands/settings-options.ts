import { Option, type Command } from 'commander'
import { settings, type Setting, type SettingName } from '../config.js'

/** Gives a command the flags of these settings. What they say is checked with the environment, in `config.ts`. */
export function withSettings(
  command: Command,
  names: readonly SettingName[],
  fallbacks: Partial<Record<SettingName, string>> = {},
): Command {
  for (const name of names) {
    const { flag, variable, placeholder, about, fallback }: Setting<unknown> = settings[name]
    const shown = fallbacks[name] ?? fallback
    if (placeholder === undefined) {
      command.addOption(new Option(flag, `${about} (${variable}=true)`).preset('true'))
      continue
    }
    const unlessGiven = shown === undefined || shown === '' ? '' : `; ${shown} when absent`
    command.addOption(new Option(`${flag} <${placeholder}>`, `${about} (${variable}${unlessGiven})`))
  }
  return command
}

/** Examples at the end of a command's help, each below what it does. */
export function examples(...lines: readonly (readonly [what: string, command: string])[]): string {
  return `\nExamples:\n${lines.map(([what, command]) => `  # ${what}\n  ${command}\n`).join('')}`
}
