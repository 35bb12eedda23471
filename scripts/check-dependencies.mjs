// Every version is exact, and nothing that TunaCorn is run with has a licence that binds its users, or code that runs
// when it is installed.
import { licenceOf, ownManifests, runtimeDependencies } from './read-dependencies.mjs'

const permissive = [
  'MIT',
  'ISC',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'Apache-2.0',
  '0BSD',
  'BlueOak-1.0.0',
  'PostgreSQL',
]
const exact = /^(workspace:\*|(npm:[\w@/-]+@)?\d+\.\d+\.\d+(-[\w.]+)?)$/
const complaints = []

for (const { directory, manifest } of ownManifests()) {
  const { dependencies = {}, devDependencies = {} } = manifest
  for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies })) {
    if (!exact.test(version))
      complaints.push(`${directory}: expected an exact version of ${name}, but found ${version}`)
  }
}

for (const manifest of runtimeDependencies()) {
  const { name, version, scripts = {} } = manifest
  // Of a choice, one that suits is enough.
  const choices = (licenceOf(manifest) ?? 'none').replaceAll(/[()]/g, '').split(' OR ')
  if (!choices.some((licence) => licence.split(' AND ').every((one) => permissive.includes(one))))
    complaints.push(
      `${name} ${version}: expected one of ${permissive.join(', ')}, but its licence is ${choices.join(' OR ')}`,
    )
  for (const script of ['preinstall', 'install', 'postinstall'])
    if (script in scripts)
      complaints.push(
        `${name} ${version}: expected no code that runs when it is installed, but it has ${script}`,
      )
}

for (const complaint of complaints) console.error(complaint)
if (complaints.length > 0) process.exitCode = 1
