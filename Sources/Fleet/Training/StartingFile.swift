import Foundation
package import Models
import Tensors

/// A safetensors file that a run starts from.
package struct StartingFile: Sendable {
  /// Where it lies.
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
      throw .unreadable(path: path, reason: error.localizedDescription)
    }
    guard bytes.count <= limit else {
      throw .tooLarge(path: path, limit: limit, model: architecture.name)
    }
    let file: SafeTensors
    do throws(SafeTensorsError) {
      file = try SafeTensors(decoding: Array(bytes))
    } catch { throw .format(path: path, error) }
    do throws(StartingModelError) {
      return try StartingModel(file, for: architecture)
    } catch { throw .tensors(path: path, error) }
  }
}
