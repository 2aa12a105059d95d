import { resilienceSettings } from './resilience-settings.js';
import { agentSettings, settings, type Setting } from './settings.js';
import { flagOf } from './config.js';

/** The configuration table of the README, in Markdown. */
export function settingsTable(): string {
  const rows = [
    ...Object.entries(settings as Record<string, Setting<unknown>>).map(([key, setting]) => [
      `\`${key}\``,
      `\`${setting.variable}\`${setting.flag ? ` \`${flagOf(key)}\`` : ''}`,
      `${setting.description}: ${setting.kind.holds}`,
      setting.shown ?? `\`${setting.kind.format(setting.standard(''))}\``,
    ]),
    ...[...Object.values(agentSettings), ...resilienceSettings].map((setting) => [
      `\`${setting.key}\``,
      `\`${setting.variable}\``,
      `${setting.description}: ${setting.kind.holds}`,
      setting.shown,
    ]),
  ];
  return [
    ['key in mesh.yaml', 'environment, flag', 'what it is', 'default'],
    ['---', '---', '---', '---'],
    ...rows,
  ]
    .map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`)
    .join('\n');
}
