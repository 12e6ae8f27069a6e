/** Who may import whom in the page: app → core → nothing, and only one door into the worker. */
module.exports = {
  forbidden: [
    {
      name: 'core-knows-no-framework',
      severity: 'error',
      from: { path: '^src/core' },
      to: { path: '^src/(app|text|style)|node_modules/(svelte|@lucide)' },
    },
    {
      name: 'workers-know-core-only',
      severity: 'error',
      from: { path: '^src/workers' },
      to: { path: '^src/(app|text|style)|node_modules/(svelte|@lucide)' },
    },
    {
      name: 'views-know-no-protocol',
      comment: 'A view gets a snapshot and commands; only main.ts opens the core.',
      severity: 'error',
      from: { path: '^src/app', pathNot: '^src/app/main\\.ts$' },
      to: { path: '^src/(core|workers)', pathNot: '^src/core/(snapshot|watchable|name)\\.ts$' },
    },
    {
      name: 'one-door-into-the-worker',
      severity: 'error',
      from: { pathNot: '^src/(workers|core/worker-url\\.ts)' },
      to: { path: '^src/workers', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'text-knows-nobody',
      severity: 'error',
      from: { path: '^src/text' },
      to: { path: '^src/(app|core|workers|style)' },
    },
    {
      name: 'no-circle',
      comment: 'Types may look back at each other: they are gone when the code runs.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'shipped-code-uses-shipped-packages',
      severity: 'error',
      from: { path: '^src', pathNot: '\\.test\\.ts$|^src/.*testkit' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    },
    { name: 'no-unresolved', severity: 'error', from: {}, to: { couldNotResolve: true, pathNot: '\\?worker' } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['svelte', 'browser', 'import', 'default'] },
  },
}
