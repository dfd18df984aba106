/** Which arguments of a command are secret, so that logs show '(redacted)' in their place. */
import { findDirective } from '../config/directives.ts';

type Text = (index: number) => string;
type IsSecret = (index: number) => boolean;

const NOTHING: IsSecret = () => false;

/** By full name: what is secret of a call with `argc` arguments. */
const RULES: Readonly<Record<string, (argc: number, text: Text) => IsSecret>> = {
  auth: () => (index) => index > 0,
  hello: (argc, text) => behindWord(argc, text, 2, 'auth', 2),
  migrate: (argc, text) => {
    const auth = behindWord(argc, text, 6, 'auth', 1);
    const auth2 = behindWord(argc, text, 6, 'auth2', 2);
    return (index) => auth(index) || auth2(index);
  },
  'config|set': (argc, text) => {
    const secret = new Set<number>();
    for (let i = 2; i + 1 < argc; i += 2) {
      if (findDirective(text(i))?.directive.sensitive === true) secret.add(i + 1);
    }
    return (index) => secret.has(index);
  },
  'acl|setuser': () => (index) => index > 1,
  'acl|getuser': () => (index) => index > 1,
  'acl|deluser': () => (index) => index > 1,
};

/** The `count` arguments behind the first argument from `from` on that is `word`. */
function behindWord(argc: number, text: Text, from: number, word: string, count: number): IsSecret {
  for (let at = from; at < argc; at++) {
    if (text(at).toLowerCase() === word) return (index) => index > at && index <= at + count;
  }
  return NOTHING;
}

/** Which arguments of the command are secret. `text` gives an argument as text. */
export function redactedFrom(fullName: string, argc: number, text: Text): IsSecret {
  const rule = Object.hasOwn(RULES, fullName) ? RULES[fullName] : undefined;
  return rule === undefined ? NOTHING : rule(argc, text);
}
