import Foundation
import Tensors

/// The files by which a trainer program gets a model and gives one back.
struct TrainerFiles {
  /// The file with the values to begin with.
  let model: String
  /// The file that the program writes.
  let output: String
  /// The file with additions to gradients.
  let correction: String

  /// The files in a program's folder.
  init(_ folder: TrainerFolder) {
    model = folder.path("model.safetensors")
    output = folder.path("trained.safetensors")
    correction = folder.path("correction.safetensors")
  }

  /// Writes a model, and removes what was written for an earlier request.
  func write(_ parameters: [ParameterVector]) throws(TrainerFault) {
    try? FileManager.default.removeItem(atPath: output)
    try Self.write(Self.encoded(parameters), to: model)
  }

  /// Writes the additions to the gradients of the `trained` segments, which buffers don't have.
  func write(
    correction parameters: [ParameterVector], _ trained: Set<Int>
  ) throws(TrainerFault) {
    let additions = trained.sorted().map { parameters[$0] }
    try Self.write(Self.encoded(additions, withoutBuffers: true), to: correction)
  }

  private static func write(_ bytes: [UInt8], to path: String) throws(TrainerFault) {
    do { try Data(bytes).write(to: URL(fileURLWithPath: path)) } catch {
      throw .badFile("what it needs can't be written: \(error.localizedDescription)")
    }
  }

  /// The bytes of a file with these values.
  static func encoded(_ parameters: [ParameterVector], withoutBuffers: Bool = false) -> [UInt8] {
    let tensors = parameters.flatMap { vector in
      vector.layout.parameters.indices.filter {
        !withoutBuffers || vector.layout.parameters[$0].role != .buffer
      }.map { index in
        ("\(vector.layout.name).\(vector.layout.parameters[index].name)", vector.tensor(index))
      }
    }
    return SafeTensors(tensors: Dictionary(uniqueKeysWithValues: tensors)).encoded()
  }

  /// Reads the values of `layouts` that a program wrote.
  ///
  /// - Throws: ``TrainerFault/badFile(_:)``, ``TrainerFault/notFinite``.
  func read(_ layouts: [ParameterLayout]) throws(TrainerFault) -> [ParameterVector] {
    let bytes = try bytes(atMost: limit(of: layouts))
    let file: SafeTensors
    do throws(SafeTensorsError) { file = try SafeTensors(decoding: bytes) } catch {
      throw .badFile("\(error)")
    }
    var values: [ParameterVector] = []
    for layout in layouts {
      var scalars: [Float] = []
      scalars.reserveCapacity(layout.count)
      for parameter in layout.parameters {
        let name = "\(layout.name).\(parameter.name)"
        guard let tensor = file.tensors[name] else {
          throw .badFile("it has no \(name) of 16- or 32-bit floats")
        }
        guard tensor.shape == parameter.shape else {
          throw .badFile("its \(name) has the shape \(tensor.shape), and not \(parameter.shape)")
        }
        guard tensor.scalars.allSatisfy(\.isFinite) else { throw .notFinite }
        scalars += tensor.scalars
      }
      values.append(ParameterVector(layout: layout, scalars: scalars))
    }
    return values
  }

  /// The most bytes of a file with these values, and with as many of other segments.
  private func limit(of layouts: [ParameterLayout]) -> Int {
    layouts.reduce(1 << 20) { $0 + 16 * $1.count + 4096 * $1.parameters.count }
  }

  private func bytes(atMost limit: Int) throws(TrainerFault) -> [UInt8] {
    let facts = try? FileManager.default.attributesOfItem(atPath: output)
    guard facts?[.type] as? FileAttributeType == .typeRegular else {
      throw .badFile("there is none")
    }
    guard let size = (facts?[.size] as? NSNumber)?.intValue, size <= limit else {
      throw .badFile("it has more than \(limit) bytes")
    }
    do { return Array(try Data(contentsOf: URL(fileURLWithPath: output))) } catch {
      throw .badFile("it can't be read: \(error.localizedDescription)")
    }
  }
}
