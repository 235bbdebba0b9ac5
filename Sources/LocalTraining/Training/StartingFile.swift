import Foundation
import Ledger
package import Models
import Tensors

/// A safetensors file that a run starts from.
package struct StartingFile: Sendable {
  /// Its path.
  package let path: String

  /// The file at `path`.
  package init(path: String) { self.path = path }

  /// The values for `architecture`; no more is read than the architecture's tensors can take.
  ///
  /// - Throws: `StartingFileError`, also for tensors that don't fit.
  package func read(for architecture: Architecture) throws(StartingFileError) -> StartingModel {
    let layouts = architecture.allLayouts
    let tensors = layouts.reduce(0) { $0 + $1.parameters.count }
    // 32-bit floats are the widest that are read; the header takes a few hundred bytes a tensor.
    let limit = layouts.reduce(0) { $0 + 4 * $1.count } + 4096 * (tensors + 16)
    let bytes: Data
    do {
      let file = try FileHandle(forReadingFrom: URL(filePath: path))
      defer { try? file.close() }
      bytes = try file.read(upToCount: limit + 1) ?? Data()
    } catch {
      guard FileManager.default.fileExists(atPath: path) else { throw .missing(path: path) }
      let paths = RunPaths(URL(fileURLWithPath: path, isDirectory: true))
      if FileManager.default.fileExists(atPath: paths.ledger.path) {
        throw .isRun(path: path, models: paths.models)
      }
      let error = DurableFile.translated(error, "read", URL(fileURLWithPath: path))
      throw .unreadable(path: path, error)
    }
    // What torch.save writes is a zip archive.
    guard !bytes.starts(with: Array("PK\u{3}\u{4}".utf8)) else { throw .archive(path: path) }
    guard bytes.count <= limit else {
      throw tooLarge(Array(bytes), limit: limit, for: architecture)
    }
    let file: SafeTensors
    do throws(SafeTensorsError) {
      file = try SafeTensors(decoding: Array(bytes))
    } catch { throw .format(path: path, error) }
    do throws(StartingModelError) {
      return try StartingModel(file, for: architecture)
    } catch { throw .tensors(path: path, error) }
  }

  /// The error of a file that is larger than `limit`, as its first `bytes` explain it.
  private func tooLarge(
    _ bytes: [UInt8], limit: Int, for architecture: Architecture
  ) -> StartingFileError {
    guard let contents = SafeTensors.contents(ofHeader: bytes) else {
      return .tooLarge(path: path, limit: limit, model: architecture.name)
    }
    let unknown = StartingModel.unknown(in: contents, of: architecture)
    let wide = contents.filter { ["F64", "I64", "U64", "C64"].contains($0.value.type) }
    let foreign = architecture.allLayouts.flatMap { layout in
      layout.parameters.compactMap { parameter -> StartingModelError.Problem? in
        let name = "\(layout.name).\(parameter.name)"
        return wide[name].map { .type(name, found: $0, needed: parameter.shape) }
      }
    }
    guard !unknown.isEmpty || !foreign.isEmpty else {
      return .tooLarge(path: path, limit: limit, model: architecture.name)
    }
    return .tensors(
      path: path, StartingModelError(model: architecture.name, problems: foreign + unknown))
  }
}

extension RunPaths {
  /// The names of the models that the run has left so far.
  fileprivate var models: [String] {
    [model, bestModel].filter { FileManager.default.fileExists(atPath: $0.path) }
      .map(\.lastPathComponent)
  }
}
