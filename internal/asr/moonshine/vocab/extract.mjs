// Writes the tokenizer's pieces, one per line, to standard output.
//
//   npm pack llama-tokenizer-js@1.2.2 && tar xzf llama-tokenizer-js-1.2.2.tgz
//   node extract.mjs > vocab.txt
import tokenizer from './package/llama-tokenizer.js'

process.stdout.write(tokenizer.vocabById.join('\n') + '\n')
