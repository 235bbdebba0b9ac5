/// Several runs of one topology as a file describes them: named variants and grids, each with every seed.
package struct Sweep: Hashable, Sendable {
  /// What the sweep is called.
  package let name: String
  /// The topology file, as seen from the working directory.
  package let topology: String
  /// The scores whose cost is to be compared, in [0, 1]: accuracies, or Dice coefficients of segmentation.
  package let targets: [Double]
  /// The runs in the order of the file: all seeds of a variant, then the next variant.
  package let runs: [SweepRun]
}
