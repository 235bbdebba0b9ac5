package import Measures

extension DatasetLoader {
  /// How much is read, and what can be chosen about some of the collections.
  package struct Options: Sendable {
    /// The most training samples to keep; nil keeps all.
    package var trainLimit: Int?
    /// The most test samples to keep; nil keeps all.
    package var testLimit: Int?
    /// The most bytes that one file may unpack to, and that the slices of volumes may take.
    package var fileLimit: ByteCount
    /// What "synthetic" is made of.
    package var synthetic: SyntheticImages
    /// How the volumes of "icbm152", "brats" and "nifti" are sliced; nil leaves it to the collection.
    package var slices: SliceGeometry?
    /// How many sites "icbm152" has.
    package var sites: Int
    /// What the sites' distortions of "icbm152" are derived from.
    package var siteSeed: UInt64
    /// How many modalities the images of "nifti" have.
    package var modalities: Int
    /// How many classes the label maps of "nifti" tell apart, the background included; 5 for
    /// "brats" makes one of the resection cavity.
    package var classes: Int

    /// Options with safe defaults.
    package init(
      trainLimit: Int? = nil, testLimit: Int? = nil, fileLimit: ByteCount = ByteCount(1 << 31),
      synthetic: SyntheticImages = SyntheticImages(), slices: SliceGeometry? = nil,
      sites: Int = 10, siteSeed: UInt64 = 0, modalities: Int = 1, classes: Int = 2
    ) {
      self.trainLimit = trainLimit
      self.testLimit = testLimit
      self.fileLimit = fileLimit
      self.synthetic = synthetic
      self.slices = slices
      self.sites = sites
      self.siteSeed = siteSeed
      self.modalities = modalities
      self.classes = classes
    }
  }
}
