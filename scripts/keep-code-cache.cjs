// Loaded into the threads of a server by code-cache.mjs: when a thread ends that has compiled the script THREADIS_KEEP_CODE_OF, the code
// that V8 has made of it so far is written beside it.
const { renameSync, writeFileSync } = require('node:fs');
const v8 = require('node:v8');
const vm = require('node:vm');

const file = process.env.THREADIS_KEEP_CODE_OF;

// V8 takes code up only under the flags that it was made under: those of a start, when none are set yet.
v8.setFlagsFromString = () => {};

vm.Script = class extends vm.Script {
  constructor(code, options) {
    super(code, options);
    if (options.filename === file) process.on('exit', () => keep(this));
  }
};

function keep(script) {
  const temporary = `${file}.cache.${process.pid}.tmp`;
  writeFileSync(temporary, script.createCachedData());
  renameSync(temporary, `${file}.cache`);
}
