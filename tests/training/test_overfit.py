"""The whole way learns: a clip that is trained on and nothing else is learnt by heart."""
