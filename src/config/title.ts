/** The template of the process's title: '{name}' stands for something of the server, '{{' for a brace. */

/** What may stand in braces, with what it stands for. */
export interface TitleWords {
  readonly title: string;
  readonly 'listen-addr': string;
  readonly 'server-mode': string;
  readonly port: string;
  readonly 'tls-port': string;
  readonly unixsocket: string;
  readonly 'config-file': string;
}

/** The title without space around it; null when the template has an unknown name, or a brace that is not closed. */
export function expandTitle(template: string, words: TitleWords): string | null {
  let wrong = false;
  const title = template.replace(/\{\{|\{([^}]*)\}|\{/g, (all, name?: string) => {
    if (all === '{{') return '{';
    if (name !== undefined && Object.hasOwn(words, name)) return words[name as keyof TitleWords];
    wrong = true;
    return '';
  });
  return wrong ? null : title.trim();
}
