import ArgumentParser
import Foundation
import Ledger

/// Writes a project to begin with: a topology, a README, and a trainer program where it has one.
struct NewCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "new",
    abstract: "Write a project to begin with.",
    discussion: """
      DIR gets a topology, a README with the commands to run, and, for models of your own, a trainer program in \
      Python. The project is called like the folder. Nothing that is there is overwritten.
      """)

  @Argument(help: "The folder to make.")
  var directory: String

  @Flag(help: "What is trained.")
  var kind: ProjectKind

  /// The name of the project: that of its folder.
  private var name: String {
    URL(fileURLWithPath: directory, isDirectory: true).standardizedFileURL.lastPathComponent
  }

  func validate() throws {
    let isAllowed = name.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
        UInt8(ascii: "."):
        true
      default: false
      }
    }
    guard isAllowed, (1...64).contains(name.utf8.count) else {
      throw ValidationError(
        "a project called “\(name)”: name a folder of 1 to 64 letters, digits, -, _ and .")
    }
  }

  func run() throws {
    try Exit.reporting {
      let folder = URL(fileURLWithPath: directory, isDirectory: true)
      let path = folder.path(percentEncoded: false)
      let kept = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
      guard kept.isEmpty else {
        throw ValidationError("\(directory) has files already; name another folder")
      }
      try DurableFile.makeDirectory(folder)
      for (file, template) in kind.files {
        let text = String(decoding: template, as: UTF8.self)
          .replacingOccurrences(of: "{{name}}", with: name)
        try DurableFile.write(Data(text.utf8), to: folder.appending(path: file))
      }
      let written = kind.files.map(\.name).joined(separator: ", ")
      Terminal.note("\(directory): \(written); the README says how to go on")
    }
  }
}

/// A kind of project.
enum ProjectKind: String, EnumerableFlag {
  case pytorch, numpy, images, hospital

  static func help(for value: ProjectKind) -> ArgumentHelp? {
    switch value {
    case .pytorch: "A model of your own in PyTorch."
    case .numpy: "A model of your own in numpy arrays, or what gives and takes them."
    case .images: "Pictures in a folder for each class."
    case .hospital: "Sites that train on scans of their own, for a broker without any."
    }
  }

  /// The files of the project, with their texts before its name is put in.
  var files: [(name: String, text: [UInt8])] {
    switch self {
    case .pytorch:
      [
        ("README.md", PackageResources.pytorch_README_md),
        ("topology.yaml", PackageResources.pytorch_topology_yaml),
        ("train.py", PackageResources.pytorch_train_py),
      ]
    case .numpy:
      [
        ("README.md", PackageResources.numpy_README_md),
        ("topology.yaml", PackageResources.numpy_topology_yaml),
        ("train.py", PackageResources.numpy_train_py),
      ]
    case .images:
      [
        ("README.md", PackageResources.images_README_md),
        ("topology.yaml", PackageResources.images_topology_yaml),
      ]
    case .hospital:
      [
        ("README.md", PackageResources.hospital_README_md),
        ("topology.yaml", PackageResources.hospital_topology_yaml),
      ]
    }
  }
}
