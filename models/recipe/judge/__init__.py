"""What a model is judged by: recordings of people, voices held out of training, and the programs' answers."""
