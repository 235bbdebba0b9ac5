package import Tensors

/// FEMNIST as the LEAF benchmark (Caldas et al., 2018) writes it: JSON by user, 28×28 images with
/// black 0 and paper 1.
///
/// `train` and `test` hold any number of files, each an object with `users`, `num_samples` and
/// `user_data`, which gives each user's images as `x` and classes as `y`: ten digits, then 26
/// capital and 26 small letters.
package struct LEAF: ImageCollection, Hashable {
  /// Users of one file need not be those of another; test users may be new.
  package init() {}

  /// The name, "leaf-femnist".
  package var name: String { "leaf-femnist" }
  /// Grey images of 28 × 28.
  package var input: Shape { [1, 28, 28] }
  /// Digits, capital and small letters.
  package var classes: Int { 62 }
  /// That of black writing on white paper.
  package var normalization: Normalization { .leafFEMNIST }

  /// Reads both splits from `path`: the folder that holds `train` and `test`, or `data` with these
  /// in it.
  package func load(path: String?, limit: Int) throws(DatasetError) -> DatasetSplit {
    let remedy =
      "make it with the scripts of https://leaf.cmu.edu (data/femnist) "
      + "and give the folder with train and test as path"
    guard let path else {
      throw .missing(dataset: name, path: nil, remedy: remedy)
    }
    var folder = try DataFolder(dataset: name, path: path, remedy: remedy)
    if !folder.isFolder("train"), folder.isFolder("data") {
      folder = try DataFolder(dataset: name, path: "\(path)/data", remedy: remedy)
    }
    var users = LEAFUsers()
    let train = try samples("train", in: folder, users: &users, limit: limit)
    let test = try samples("test", in: folder, users: &users, limit: limit)
    return DatasetSplit(train: dataset(train, users), test: dataset(test, users))
  }

  private func samples(
    _ split: String, in folder: DataFolder, users: inout LEAFUsers, limit: Int
  ) throws(DatasetError) -> LEAFSamples {
    let part = try DataFolder(
      dataset: name, path: "\(folder.path)/\(split)", remedy: folder.remedy)
    var samples = LEAFSamples(area: input.count, classes: classes, limit: limit)
    let files = try part.entries(endingIn: [".json", ".json.gz"])
    guard !files.isEmpty else {
      throw .missing(dataset: name, path: "\(part.path)/*.json", remedy: folder.remedy)
    }
    for file in files {
      var text = JSONStream(try ByteFile(path: "\(part.path)/\(file)", limit: limit))
      try samples.read(&text, users: &users)
    }
    return samples
  }

  private func dataset(_ samples: LEAFSamples, _ users: LEAFUsers) -> Dataset {
    Dataset(
      name: name, input: input, classes: classes, normalization: normalization,
      pixels: .bytes(samples.pixels), labels: samples.labels, users: samples.users,
      userNames: users.names)
  }
}

/// The users of a LEAF data set, numbered in the order in which they were first met.
struct LEAFUsers {
  /// Their names.
  private(set) var names: [String] = []
  private var numbers: [String: Int32] = [:]

  /// The number of the user called `name`.
  mutating func number(of name: String) -> Int32 {
    if let number = numbers[name] { return number }
    let number = Int32(names.count)
    numbers[name] = number
    names.append(name)
    return number
  }
}
