import Measures
package import Tensors

/// The ICBM 152 average brain (Fonov et al., 2009) as a segmentation task: T1 in; background, grey
/// and white matter out.
///
/// Each site owns a band of neighbouring slices and distorts intensities in its own way. Of every
/// five slices with tissue, one is for testing. The three volumes lie inside nilearn's Python
/// package.
package struct ICBM152: ImageCollection, Hashable {
  /// The slicing of the volumes; the default halves the resolution and keeps the whole head.
  package var geometry: SliceGeometry
  /// The number of sites.
  package var sites: Int
  /// The seed of the sites' distortions.
  package var seed: UInt64

  /// The task among `sites` sites.
  package init(
    geometry: SliceGeometry = .icbm152, sites: Int = 10, seed: UInt64 = 0
  ) {
    precondition(sites > 0, "\(sites) sites")
    self.geometry = geometry
    self.sites = sites
    self.seed = seed
  }

  /// The name, "icbm152".
  package var name: String { "icbm152" }
  /// One channel, the T1-weighted image.
  package var input: Shape { geometry.input(channels: 1) }
  /// Background, grey matter, white matter.
  package var classes: Int { 3 }
  /// Each pixel has its own label.
  package var isSegmentation: Bool { true }
  /// That of the slices.
  package var normalization: Normalization { .icbm152 }

  /// Reads the three volumes from `path`: the folder that holds them, or one in which nilearn was
  /// unpacked.
  package func load(path: String?, limit: Int) throws(DatasetError) -> DatasetSplit {
    let inside = "nilearn/datasets/data"
    let remedy =
      "run “pip download --no-deps nilearn”, unpack the wheel and give the folder as path"
    guard let path else {
      throw .missing(dataset: name, path: nil, remedy: remedy)
    }
    var folder = try DataFolder(dataset: name, path: path, remedy: remedy)
    if folder.existing(Self.file("t1")) == nil, folder.existing(inside) != nil {
      folder = try DataFolder(dataset: name, path: "\(path)/\(inside)", remedy: remedy)
    }
    let t1 = try NIfTIVolume(path: folder.file(Self.file("t1")), limit: limit)
    try t1.checkSingle()
    let labels = try tissues(
      grey: NIfTIVolume(path: folder.file(Self.file("gm")), limit: limit, like: t1),
      white: NIfTIVolume(path: folder.file(Self.file("wm")), limit: limit, like: t1))
    return try slice(t1, labels: labels, limit: limit)
  }

  private static let regions = [
    LabelRegion("grey matter", [1]), LabelRegion("white matter", [2]),
  ]

  private static func file(_ map: String) -> String {
    "mni_icbm152_\(map)_tal_nlin_sym_09a_converted.nii"
  }

  /// The tissue of each voxel: the map that exceeds half of its maximum; the larger one where both
  /// do.
  private func tissues(grey: NIfTIVolume, white: NIfTIVolume) throws(DatasetError) -> [UInt16] {
    for map in [grey, white] { try map.checkSingle() }
    let largest = [grey, white].map { $0.values.max() ?? 0 }
    for (map, largest) in zip([grey, white], largest) where largest <= 0 {
      throw .malformed(
        path: map.path, at: "voxels", reason: "the tissue map is empty",
        remedy: "unpack nilearn's wheel again")
    }
    return grey.values.indices.map { index in
      let isGrey = grey.values[index] > largest[0] / 2
      let isWhite = white.values[index] > largest[1] / 2
      if isGrey && isWhite {
        return grey.values[index] / largest[0] >= white.values[index] / largest[1] ? 1 : 2
      }
      return isGrey ? 1 : isWhite ? 2 : 0
    }
  }

  private func slice(_ t1: NIfTIVolume, labels: [UInt16], limit: Int) throws(DatasetError)
    -> DatasetSplit
  {
    let (width, height, depth) = (t1.extents[0], t1.extents[1], t1.extents[2])
    let area = geometry.rows * geometry.columns
    let masks = stride(from: 0, to: depth, by: geometry.every).map { z in
      (z, geometry.mask(labels, from: z * width * height, width: width, height: height))
    }.filter { _, mask in mask.count { $0 > 0 } * 50 >= area }
    guard !masks.isEmpty else {
      throw .malformed(
        path: t1.path, at: "voxels", reason: "no slice shows enough tissue",
        remedy: "lower data.slices.step or every, or its rows and columns")
    }
    let brightest = t1.values.max() ?? 0
    let stream = RandomStream(seed: seed).stream("dataset.icbm152")
    let distortions = (0..<sites).map { SiteDistortion(site: $0, stream: stream) }
    var (train, test) = (
      SliceStack(input: input, limit: limit), SliceStack(input: input, limit: limit)
    )
    for (index, (z, mask)) in masks.enumerated() {
      let site = index * sites / masks.count
      let image = geometry.image(
        t1.values, from: z * width * height, width: width, height: height
      ).map { max(0, brightest > 0 ? $0 / brightest : 0) }
      let bytes = distortions[site].distort(
        image, rows: geometry.rows, columns: geometry.columns, serial: z)
      if index % 5 == 2 {
        try test.append([bytes], mask: mask, user: site, path: t1.path)
      } else {
        try train.append([bytes], mask: mask, user: site, path: t1.path)
      }
    }
    let names = (0..<sites).map { "site \($0)" }
    return DatasetSplit(
      train: train.dataset(
        name: name, classes: classes, normalization: normalization, userNames: names,
        regions: Self.regions),
      test: test.dataset(
        name: name, classes: classes, normalization: normalization, userNames: names,
        regions: Self.regions))
  }
}
