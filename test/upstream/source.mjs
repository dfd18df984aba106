/**
 * Redis's own Tcl suite, from Debian's source package, and the folders it runs in.
 *
 * Nothing of Redis is committed here: the suite is fetched once with `apt-get source` into the ignored
 * folder .upstream/ and used as it is. The version is the one of the installed redis-server, because that
 * server is the oracle that the same tests can be run against.
 *
 * apt is driven with a sources list and a cache of its own, below .upstream/. The machine's own lists stay
 * as they are and root is not needed, though a Debian machine hardly ever has deb-src enabled.
 *
 *   .upstream/
 *     redis-<debian version>/        the unpacked source package, shared by all runs
 *     run-<pid>/                     one run's view of it, removed afterwards:
 *       runtest, redis.conf, ...       links into the source
 *       tests/*                        links into the source; tests/tmp is the run's own
 *       src/*                          links into the source, except the programs:
 *       src/redis-server               our server, behind a two-line script (or the real one: the oracle)
 *       src/redis-cli, ...             links to the installed ones
 *     logs/<unit>.log                what runtest printed, of the latest run
 *
 * A run has a folder of its own because the suite deletes tests/tmp at its start and end and spawns whatever
 * src/redis-server is; with one shared folder, two runs (ours and the oracle's, say) would destroy each other.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { userInfo } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const projectRoot = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
export const upstreamRoot = join(projectRoot, '.upstream');

/** The programs a run calls, each with the Debian package that holds it. */
const PROGRAMS = [
  ['redis-server', 'redis-server'],
  ['redis-cli', 'redis-tools'],
  ['redis-benchmark', 'redis-tools'],
  ['tclsh', 'tcl'],
  ['dpkg-source', 'dpkg-dev'],
];

/** Programs of the suite's src/ folder that are the installed ones in every run. */
const INSTALLED_PROGRAMS = ['redis-cli', 'redis-benchmark', 'redis-check-aof', 'redis-check-rdb'];

const SERVER_VERSION_MS_MAX = 10_000;

const DEBIAN_ARCHIVE = 'http://deb.debian.org/debian';
const DEBIAN_KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** @param {string} name @returns {string | undefined} the program's full path, if it is on the PATH */
function findProgram(name) {
  return (process.env.PATH ?? '')
    .split(':')
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path));
}

/** Throws one error that names every missing program and the command that installs them all. */
export function requirePrograms() {
  const missing = PROGRAMS.filter(([program]) => !findProgram(program));
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map(([, debianPackage]) => debianPackage))];
  throw new Error(
    `not installed: ${missing.map(([program]) => program).join(', ')}; ` +
      `try: apt-get update && apt-get install -y ${packages.join(' ')}`,
  );
}

/** @param {string} program @param {string[]} args @returns {string} its standard output */
function output(program, args) {
  return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
}

/** @returns {string} Debian's version of the installed server's source, such as 5:7.0.15-1~deb12u10 */
function installedSourceVersion() {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own field syntax
  return output('dpkg-query', ['-W', '-f', '${source:Version}', 'redis-server']).trim();
}

/** @returns {string[]} "uri suite component" of the archives that this machine knows to have redis-server */
function knownArchives() {
  return output('apt-cache', ['madison', 'redis-server'])
    .split('\n')
    .map((line) => /\|\s*(\w+:\S+) (\S+?)\/(\S+) /.exec(line))
    .filter((match) => match !== null)
    .map(([, uri, suite, component]) => `${uri} ${suite} ${component}`);
}

/** @returns {string[]} the archives of this Debian release, for a machine whose package lists are not loaded */
function releaseArchives() {
  const codename = /^VERSION_CODENAME=(\S+)$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1];
  return [
    `${DEBIAN_ARCHIVE} ${codename} main`,
    `${DEBIAN_ARCHIVE} ${codename}-updates main`,
    `${DEBIAN_ARCHIVE}-security ${codename}-security main`,
  ];
}

/** @returns {string[]} deb-src lines */
function sourceArchives() {
  const known = knownArchives();
  const archives = known.length > 0 ? known : releaseArchives();
  const option = existsSync(DEBIAN_KEYRING) ? `[signed-by=${DEBIAN_KEYRING}] ` : '';
  return [...new Set(archives)].map((archive) => `deb-src ${option}${archive}`);
}

/** @param {string} folder where apt's own lists and cache go @returns {string[]} options that keep it there */
function privateAptOptions(folder) {
  const sourcesList = join(folder, 'sources.list');
  mkdirSync(join(folder, 'lists', 'partial'), { recursive: true });
  mkdirSync(join(folder, 'cache', 'archives', 'partial'), { recursive: true });
  writeFileSync(sourcesList, `${sourceArchives().join('\n')}\n`);
  return [
    ['Dir::Etc::sourcelist', sourcesList],
    ['Dir::Etc::sourceparts', '-'],
    ['Dir::State::lists', join(folder, 'lists')],
    ['Dir::Cache', join(folder, 'cache')],
    // apt's download user cannot write below the project, and nothing here needs its protection.
    ['APT::Sandbox::User', userInfo().username],
  ].flatMap(([name, value]) => ['-o', `${name}=${value}`]);
}

/**
 * Downloads, checks and unpacks (with Debian's patches) the source package into `folder`.
 * @returns {string} the unpacked tree
 */
function downloadSource(/** @type {string} */ folder, /** @type {string} */ version) {
  mkdirSync(folder, { recursive: true });
  const options = privateAptOptions(join(folder, 'apt'));
  const apt = (/** @type {string[]} */ ...args) =>
    execFileSync('apt-get', ['-q', ...options, ...args], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  apt('update');
  try {
    apt('source', `redis=${version}`);
  } catch {
    console.error(`redis ${version} is not in the archive any more: taking its present version`);
    apt('source', 'redis');
  }
  const tree = readdirSync(folder).find((name) => existsSync(join(folder, name, 'runtest')));
  if (!tree) throw new Error(`apt-get source left no Redis tree in ${folder}`);
  return join(folder, tree);
}

/**
 * The suite's source tree, fetched on first use. Two first uses at once are harmless: each fetches into its
 * own folder and the first to finish wins.
 * @returns {string} the tree's path
 */
export function fetchSuite() {
  requirePrograms();
  const version = installedSourceVersion();
  const tree = join(upstreamRoot, `redis-${version.replace(/^\d+:/, '')}`);
  if (existsSync(join(tree, 'runtest'))) return tree;
  console.log(`fetching the source package of redis ${version} into ${upstreamRoot}`);
  const scratch = join(upstreamRoot, `fetch-${process.pid}`);
  try {
    const unpacked = downloadSource(scratch, version);
    if (!existsSync(tree)) renameSync(unpacked, tree);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return tree;
}

/** Links every entry of one folder into another, except the named ones. */
function linkEntries(/** @type {string} */ from, /** @type {string} */ to, /** @type {string[]} */ except) {
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(from)) {
    if (!except.includes(name)) symlinkSync(join(from, name), join(to, name));
  }
}

/** Writes the two-line script that stands in for one of the suite's servers. */
function writeServerScript(/** @type {string} */ path, /** @type {string} */ command) {
  writeFileSync(path, `#!/bin/sh\n${command}\n`);
  chmodSync(path, 0o755);
}

/**
 * Makes one run's folder.
 * @param {string} tree the suite's source
 * @param {{ oracle: boolean, server: string }} choice the program under test: the real server, or `server`
 * @returns {string} the folder, for `removeRunFolder`
 */
export function makeRunFolder(tree, { oracle, server }) {
  const folder = join(upstreamRoot, `run-${process.pid}`);
  rmSync(folder, { recursive: true, force: true });
  const servers = ['redis-server', 'redis-sentinel'];
  linkEntries(tree, folder, ['src', 'tests']);
  linkEntries(join(tree, 'tests'), join(folder, 'tests'), ['tmp']);
  linkEntries(join(tree, 'src'), join(folder, 'src'), [...servers, ...INSTALLED_PROGRAMS]);
  mkdirSync(join(folder, 'tests', 'tmp'));
  for (const name of INSTALLED_PROGRAMS) {
    const installed = findProgram(name);
    if (installed) symlinkSync(installed, join(folder, 'src', name));
  }
  const program = `'${oracle ? findProgram('redis-server') : resolve(server)}'`;
  const compatibility = '--compat-version 7.0';
  // Behind the configuration file and before all other options, because the last one may be one without a value; not before words without one.
  const withArguments = (/** @type {string} */ more) =>
    oracle
      ? `exec ${program} "$@"${more}`
      : `case "$1" in
-v | --version) exec ${program} "$@" ;;
'' | -*) exec ${program} ${compatibility} "$@"${more} ;;
esac
case "$2" in
'' | -*) conf=$1; shift; exec ${program} "$conf" ${compatibility} "$@"${more} ;;
*) exec ${program} "$@"${more} ${compatibility} ;;
esac`;
  writeServerScript(join(folder, 'src', 'redis-server'), withArguments(''));
  writeServerScript(join(folder, 'src', 'redis-sentinel'), withArguments(' --sentinel'));
  return folder;
}

/**
 * Asks the run's server for its version, because the suite itself takes two minutes to notice a server that
 * cannot start at all.
 * @param {string} folder as `makeRunFolder` returned it
 * @returns {string} what it answered
 */
export function serverVersion(folder) {
  const program = join(folder, 'src', 'redis-server');
  const { status, stdout, stderr, error } = spawnSync(program, ['--version'], {
    encoding: 'utf8',
    timeout: SERVER_VERSION_MS_MAX,
  });
  if (status !== 0) throw new Error(`the server cannot tell its version: ${error ?? stderr}`);
  return stdout.trim();
}

/** @param {string} folder as `makeRunFolder` returned it */
export function removeRunFolder(folder) {
  rmSync(folder, { recursive: true, force: true });
}

/**
 * Whether the suite has a file of that unit: its own list names not all of them (integration/aof-race is one), and can be made to run any.
 * @param {string} tree @param {string} unit such as unit/type/list @returns {boolean}
 */
export function hasUnit(tree, unit) {
  return /^(unit|integration)(\/[\w-]+)+$/.test(unit) && existsSync(join(tree, 'tests', `${unit}.tcl`));
}

/** @param {string} tree @returns {string[]} the names of the units that the suite lists, in its own order */
export function listUnits(tree) {
  const printed = execFileSync('tclsh', ['tests/test_helper.tcl', '--list-tests'], {
    cwd: tree,
    encoding: 'utf8',
  });
  return printed.split('\n').filter((line) => line !== '');
}
