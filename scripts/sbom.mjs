// Prints what TunaCorn is run with, as CycloneDX 1.6: every package that is installed besides its own, with its licence.
//
//   pnpm --silent sbom > sbom.cdx.json
import { licenceOf, ownManifests, runtimeDependencies } from './read-dependencies.mjs'

const purl = (name, version) => `pkg:npm/${name.replace('@', '%40')}@${version}`
const component = (type, manifest) => {
  const { name, version } = manifest
  const licence = licenceOf(manifest)
  const licences =
    licence === undefined
      ? []
      : [/ (OR|AND) /.test(licence) ? { expression: licence } : { license: { id: licence } }]
  return {
    type,
    'bom-ref': purl(name, version),
    name,
    version,
    licenses: licences,
    purl: purl(name, version),
  }
}

const server = ownManifests().find(({ manifest }) => manifest.name === 'tunacorn').manifest
const bom = {
  bomFormat: 'CycloneDX',
  specVersion: '1.6',
  version: 1,
  metadata: { component: component('application', server) },
  components: runtimeDependencies().map((manifest) => component('library', manifest)),
}
console.log(JSON.stringify(bom, undefined, 2))
