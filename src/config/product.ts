/** Names and versions that the server reports. */
export const THREADIS_VERSION = '0.1.0';
/** What INFO reports as redis_version, by compat-version. */
export const REDIS_VERSIONS = { '7.0': '7.0.15', '7.2': '7.2.4' } as const;
export const VERSION_LINE = `Threadis server v=${THREADIS_VERSION} sha=00000000:0 malloc=arena bits=64 build=node-${process.versions.node}`;

export const HELP = `Usage: threadis-server [/path/to/threadis.conf] [options] [-]
       threadis-server - (read config from stdin)
       threadis-server -v or --version
       threadis-server -h or --help

Examples:
       threadis-server (run the server with default conf)
       echo 'maxmemory 128mb' | threadis-server -
       threadis-server /etc/threadis/6379.conf
       threadis-server --port 7777
       threadis-server --port 7777 --io-threads 4
       threadis-server /etc/threadis.conf --loglevel verbose -
`;
