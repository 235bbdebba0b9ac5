import ArgumentParser
import Runtime

extension ClientRange: ExpressibleByArgument {
  init?(argument: String) { self.init(argument) }
}
