/// One run of a sweep: a variant with a seed.
package struct SweepRun: Hashable, Sendable {
  /// The variant that it belongs to.
  package let variant: String
  /// The seed.
  package let seed: UInt64
  /// The topology file, as seen from the working directory.
  package let topology: String
  /// What it changes in the topology, each as KEY=VALUE, the sweep's own settings first.
  package let settings: [String]

  /// What the run is called, fit for a folder's name.
  package var name: String { "\(variant)-\(seed)" }
}
